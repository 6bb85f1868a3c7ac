"""Domains where anybody may have an address: that two have one of these says nothing."""

_DOMAINS = (
    "gmail.com googlemail.com outlook.com outlook.be outlook.fr hotmail.com hotmail.be hotmail.nl hotmail.fr live.com "
    "live.be live.nl live.fr msn.com yahoo.com yahoo.fr yahoo.be yahoo.nl ymail.com icloud.com me.com mac.com aol.com "
    "telenet.be skynet.be proximus.be pandora.be scarlet.be belgacom.net base.be voo.be brutele.be edpnet.be tvcablenet.be "
    "kpnmail.nl kpnplanet.nl planet.nl ziggo.nl xs4all.nl hetnet.nl home.nl chello.nl upcmail.nl quicknet.nl casema.nl "
    "tele2.nl caiway.nl zeelandnet.nl solcon.nl online.nl orange.fr wanadoo.fr free.fr laposte.net sfr.fr bbox.fr neuf.fr "
    "gmx.de gmx.net gmx.com gmx.fr web.de t-online.de freenet.de mail.com mail.be proton.me protonmail.com pm.me "
    "fastmail.com zoho.com pt.lu internet.lu vo.lu example.com example.org example.net"
)
FREEMAIL = frozenset(_DOMAINS.split())
