"""What a device knows of its connection to the licence service, as a value and in words."""

from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Literal

from gate.licence.text import NO_TEXT, Text

Phase = Literal["connecting", "connected", "offline"]


@dataclass(frozen=True, slots=True, kw_only=True)
class UplinkStatus:
    """`since`: of the phase. `registered` None: the service has not said yet. `trouble`: why there is no connection.
    `code` and `label` (the text of its QR code): what to register the device by, while it is registered for nobody.
    `stale_after`: until when the remote
    side goes on without the service, where something is in force."""

    url: str
    device: str
    serial: str
    phase: Phase
    since: datetime
    registered: bool | None = None
    trouble: Text = NO_TEXT
    code: str | None = None
    label: str | None = None
    stale_after: datetime | None = None

    def text(self, zone: tzinfo) -> Text:
        """What a person should know or do; empty while all is well."""
        if self.registered is False:
            return Text(
                ja=f"このレコーダーはまだ登録されていません。ポータルで登録コード {self.code} を入力してください。",
                en=f"This recorder is not registered yet: enter the registration code {self.code} in the portal.",
            )
        if self.phase != "offline":
            return NO_TEXT
        since = f"{self.since.astimezone(zone):%m/%d %H:%M}"
        if self.stale_after is None:
            rest = Text(ja="", en="")
        else:
            until = f"{self.stale_after.astimezone(zone):%Y/%m/%d %H:%M}"
            rest = Text(
                ja=f"遠隔からの利用は {until} まで続けられます。",
                en=f" Remote use goes on until {until}.",
            )
        return Text(
            ja=f"{since} からライセンスサービスに接続できません（{self.trouble.ja}）。{rest.ja}",
            en=f"There has been no connection to the licence service since {since} ({self.trouble.en}).{rest.en}",
        )


UNREACHABLE = Text(ja="応答がありません", en="it does not answer")
OTHER_ISSUER = Text(ja="ルート鍵の発行元のサービスではありません", en="it is not the service of this root key's issuer")
OTHER_HOST = Text(ja="中継の鍵が一致しません", en="its relay has another key than it should")
TURNED_AWAY = Text(ja="接続を断られました", en="it turned this device away")
BROKEN_OFF = Text(ja="接続が切れました", en="the connection broke off")
NO_SERVICE = Text(ja="ライセンスサービスではありません", en="no licence service answers there")
