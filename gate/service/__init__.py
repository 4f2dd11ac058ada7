"""The licence service: partners, customers, licences, devices; its API, portal, mails and jobs."""
