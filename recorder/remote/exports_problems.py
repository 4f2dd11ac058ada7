"""What can be wrong with an export, in words."""

from gate.licence.text import Language, Text
from recorder.web.problem import Problem, Row, own_problem, problem_of

_ROWS = {
    "export_malformed": Row(
        status=400,
        title=Text(ja="エクスポートの指定が正しくありません", en="This is no order of an export"),
        remedy=Text(
            ja='{"cameras": ["cam1"], "from": …, "to": …} のように、24 時間以内の期間を指定してください。',
            en='Send {"cameras": ["cam1"], "from": …, "to": …}, 24 hours at the most.',
        ),
    ),
    "export_unknown": Row(
        status=404,
        title=Text(ja="エクスポートがありません", en="No such export"),
        remedy=Text(
            ja="保存期間が過ぎて削除された可能性があります。もう一度エクスポートしてください。",
            en="It may have been deleted after its time; export the footage again.",
        ),
    ),
    "export_not_done": Row(
        status=409,
        title=Text(ja="エクスポートはまだ完了していません", en="The export is not finished"),
        remedy=Text(ja="完了してからダウンロードしてください。", en="Fetch it when it is."),
    ),
    "exports_busy": Row(
        status=503,
        title=Text(ja="待機中のエクスポートが多すぎます", en="Too many exports are waiting"),
        remedy=Text(
            ja="完了を待つか、不要なエクスポートを削除してください。",
            en="Wait until some are finished, or remove some.",
        ),
    ),
    "exports_full": Row(
        status=507,
        title=Text(ja="エクスポート用の容量が足りません", en="There is no room for this export"),
        remedy=Text(
            ja="ダウンロード済みのエクスポートを削除するか、期間を短くしてください。",
            en="Remove exports that have been fetched, or choose a shorter time.",
        ),
    ),
    "export_disk_full": Row(
        status=507,
        title=Text(ja="ディスクの空き容量が足りません", en="The disk has no room left"),
        remedy=Text(
            ja="エクスポートを削除するか、期間を短くしてください。録画には影響ありません。",
            en="Remove exports, or choose a shorter time. Recording is not affected.",
        ),
    ),
    "export_disk_failed": Row(
        status=500,
        title=Text(ja="ディスクに書き込めません", en="The disk cannot be written to"),
        remedy=Text(ja="レコーダーのログを確認してください。", en="See the recorder's log."),
    ),
    "export_footage_gone": Row(
        status=410,
        title=Text(ja="作成中に録画が削除されました", en="The footage went while it was being copied"),
        remedy=Text(
            ja="古い録画から順に削除されています。期間を選び直してください。",
            en="The oldest footage makes room for the newest: choose another time.",
        ),
    ),
    "export_too_pieced": Row(
        status=422,
        title=Text(ja="録画が細かく途切れています", en="The footage is in too many pieces"),
        remedy=Text(ja="期間を短くしてください。", en="Choose a shorter time."),
    ),
    "export_lost": Row(
        status=410,
        title=Text(ja="エクスポートのファイルが失われました", en="Files of this export are gone"),
        remedy=Text(ja="もう一度エクスポートしてください。", en="Export the footage again."),
    ),
}


def export_problem(code: str, language: Language, *, camera: str | None = None) -> Problem:
    """The problem object of a code of exports, or of the recorder's own."""
    row = _ROWS.get(code)
    if row is None:
        return own_problem(code, language, camera=camera)
    return problem_of(code, row, language, camera=camera)
