"""Who looks at a page, in words."""

from gate.service.access.identity import Identity
from gate.service.operations.customers import customer
from gate.service.operations.partners import partner_of
from gate.service.operations.refusals import Refusal
from gate.service.portal.site import RoleWord, Site, Viewer
from gate.service.store.engine import Transaction


async def viewer_of(tx: Transaction, site: Site, identity: Identity) -> Viewer:
    """The viewer of that identity; only people have sessions."""
    assert identity.session is not None
    actor, user = identity.actor, identity.session.user
    organisation, word = user.name, _WORDS.get(actor.role, "shared")
    if actor.acting_customer is not None:
        found = await customer(tx, actor, actor.acting_customer, site.clock.now(), site.rules)
        organisation = "" if isinstance(found, Refusal) else found.name
        word = "proxy" if actor.on_behalf_of else word
    elif actor.partner is not None:
        partner = await partner_of(tx, actor)
        if not isinstance(partner, Refusal):
            organisation, word = partner.name, "secondary" if partner.primary else "partner"
    proxy_ends = actor.proxy_since + site.rules.proxy_login.lasts if actor.proxy_since else None
    return Viewer(
        name=user.name,
        organisation=organisation,
        role_word=word,
        proxy=actor.on_behalf_of is not None,
        proxy_ends=proxy_ends,
    )


_WORDS: dict[str, RoleWord] = {
    "operator": "operator",
    "partner": "partner",
    "customer": "customer",
    "shared": "shared",
}
