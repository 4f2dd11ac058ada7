"""The pages for partners, customers and shared users: server-rendered, Japanese first, English beside it."""
