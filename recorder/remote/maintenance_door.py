"""Who gets to maintenance at all, and what can be wrong there, in words."""

from zoneinfo import ZoneInfo

from aiohttp import web

from gate.licence.decision import Denied
from gate.licence.denials import problem
from gate.licence.features import Feature
from gate.licence.text import Language, Text
from recorder.web.middleware import language_of
from recorder.web.problem import Problem, Row, problem_of, problem_response
from recorder.web.served import Served

_ROWS = {
    "maintenance_malformed": Row(
        status=400,
        title=Text(ja="要求の形式が正しくありません", en="This cannot be understood"),
        remedy=Text(ja="docs/protocols.md の形式で送ってください。", en="Send it as docs/protocols.md says."),
    ),
    "no_service": Row(
        status=409,
        title=Text(ja="ライセンスサービスを使用していません", en="There is no licence service"),
        remedy=Text(
            ja="このレコーダーの時刻は機器の時計によります。機器の時計を合わせてください。",
            en="This recorder goes by the machine's own clock: set that right.",
        ),
    ),
    "service_away": Row(
        status=503,
        title=Text(ja="ライセンスサービスが応答しません", en="The licence service does not answer"),
        remedy=Text(
            ja="ネットワーク接続を確認してから、もう一度実行してください。",
            en="Check the network, then try again.",
        ),
    ),
    "check_running": Row(
        status=409,
        title=Text(ja="ストレージの確認を実行中です", en="A check is running already"),
        remedy=Text(ja="終わるまでお待ちください。", en="Wait until it is over."),
    ),
    "config_conflict": Row(
        status=409,
        title=Text(ja="設定が別の場所で変更されました", en="The configuration has been changed meanwhile"),
        remedy=Text(
            ja="最新の設定を読み込んでから、もう一度変更してください。",
            en="Read it again, then make your change in it.",
        ),
    ),
    "config_invalid": Row(
        status=422,
        title=Text(ja="設定に誤りがあります", en="There is a mistake in the configuration"),
        remedy=Text(
            ja="これまでの設定で動作を続けています。示された箇所を修正してください。",
            en="What was in force stays so. Mend the places that are named.",
        ),
    ),
    "config_not_kept": Row(
        status=503,
        title=Text(ja="設定ファイルに書き込めません", en="The configuration cannot be written"),
        remedy=Text(
            ja="設定ファイルのあるフォルダーの書き込み権限と空き容量を確認してください。",
            en="Check that the folder it lies in may be written to, and has room.",
        ),
    ),
    "version_unknown": Row(
        status=404,
        title=Text(ja="その版は保存されていません", en="That version is not kept"),
        remedy=Text(ja="一覧にある版を選んでください。", en="Choose one of the list."),
    ),
}


class MaintenanceDoor:
    """Maintenance is the device's: any licensed camera will do (M9)."""

    def __init__(self, served: Served) -> None:
        self._gate = served.gate
        self._language: Language = served.config.device.language
        self._zone = ZoneInfo(served.config.device.time_zone)

    def refusal(self, request: web.Request) -> web.Response | None:
        """The denial's problem; None if it is granted now."""
        decision = self._gate.decide(Feature.REMOTE_MAINTENANCE, None)
        if not isinstance(decision, Denied):
            return None
        return problem_response(problem(decision, language_of(request, self._language), self._zone))

    def problem(self, request: web.Request, code: str, **more: object) -> web.Response:
        """One of these codes, with fields beside the usual ones."""
        found: Problem = problem_of(code, _ROWS[code], language_of(request, self._language))
        return problem_response(found | more)
