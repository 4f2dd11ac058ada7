"""Problems of access, in the form of all others (recorder.web.problem)."""

from gate.licence.text import Language, Text
from recorder.web.problem import Problem, Row, problem_of

_ROWS = {
    "signed_out": Row(
        status=401,
        title=Text(ja="サインインしていません", en="You are not signed in"),
        remedy=Text(ja="サインインしてください。", en="Sign in."),
    ),
    "wrong_sign_in": Row(
        status=401,
        title=Text(ja="ユーザー名またはパスワードが違います", en="Wrong user name or password"),
        remedy=Text(
            ja="入力を確かめてください。忘れた場合は管理者に新しいパスワードを発行してもらってください。",
            en="Check what you typed. If you forgot it, an administrator can give you a new password.",
        ),
    ),
    "throttled": Row(
        status=429,
        title=Text(ja="サインインの失敗が続いています", en="Too many sign-ins without success"),
        remedy=Text(ja="しばらく待ってから、もう一度お試しください。", en="Wait a moment, then try again."),
    ),
    "busy": Row(
        status=503,
        title=Text(ja="混み合っています", en="The recorder is busy"),
        remedy=Text(ja="少し待ってから、もう一度お試しください。", en="Try again in a moment."),
    ),
    "not_permitted": Row(
        status=403,
        title=Text(ja="権限がありません", en="Your role does not allow this"),
        remedy=Text(ja="管理者に権限を確認してください。", en="Ask an administrator for the role you need."),
    ),
    "password_change_needed": Row(
        status=403,
        title=Text(ja="パスワードの変更が必要です", en="Your password must be changed first"),
        remedy=Text(ja="新しいパスワードを設定してください。", en="Choose a new password."),
    ),
    "password_weak": Row(
        status=422,
        title=Text(ja="このパスワードは使えません", en="This password cannot be used"),
        remedy=Text(
            ja="10〜128 文字で、現在のパスワードともユーザー名とも異なるものにしてください。",
            en="Take 10 to 128 characters, and neither the present password nor the user name.",
        ),
    ),
    "malformed": Row(
        status=400,
        title=Text(ja="送信内容の形式が正しくありません", en="This request cannot be understood"),
        remedy=Text(ja="API の説明を確認してください。", en="See docs/protocols.md for what is wanted."),
    ),
    "user_malformed": Row(
        status=422,
        title=Text(ja="このユーザー名は使えません", en="This user name cannot be used"),
        remedy=Text(
            ja="英数字で始まる、英数字と . _ @ - の 64 文字以内の名前にしてください。",
            en="Begin with a letter or digit; letters, digits and . _ @ - only, 64 at most.",
        ),
    ),
    "user_taken": Row(
        status=409,
        title=Text(ja="同じ名前のユーザーがいます", en="There is a user of this name"),
        remedy=Text(ja="別の名前にしてください。", en="Choose another name."),
    ),
    "user_unknown": Row(
        status=404,
        title=Text(ja="ユーザーがいません", en="No such user"),
        remedy=Text(ja="一覧を確認してください。", en="See the list of users."),
    ),
    "too_many_users": Row(
        status=409,
        title=Text(ja="ユーザーが多すぎます", en="There are too many users"),
        remedy=Text(ja="使わないユーザーを削除してください。", en="Remove users who are no longer needed."),
    ),
    "last_admin": Row(
        status=409,
        title=Text(ja="最後の管理者です", en="This is the last administrator"),
        remedy=Text(
            ja="先に、すべてのカメラを見られる別の管理者を追加してください。",
            en="First add another administrator who sees every camera.",
        ),
    ),
    "access_open": Row(
        status=409,
        title=Text(ja="サインインは無効です", en="Nobody signs in here"),
        remedy=Text(
            ja="設定で remote.access を users または service にしてください。",
            en="Set remote.access to users or service in the configuration.",
        ),
    ),
    "visitor_refused": Row(
        status=401,
        title=Text(ja="サービスからのサインインを確認できません", en="The service's word could not be verified"),
        remedy=Text(ja="もう一度サインインしてください。", en="Sign in again."),
    ),
    "origin_missing": Row(
        status=403,
        title=Text(ja="送信元がわかりません", en="It is not said where this comes from"),
        remedy=Text(
            ja="レコーダーのページから操作するか、Origin ヘッダーを付けてください。",
            en="Use the recorder's own page, or send its address as Origin.",
        ),
    ),
    "audit_malformed": Row(
        status=400,
        title=Text(ja="監査ログの検索条件が正しくありません", en="The audit log cannot be searched like this"),
        remedy=Text(
            ja="from、to は 2027-01-01T00:00:00+09:00 のような時刻を指定してください。",
            en="Give from and to as 2027-01-01T00:00:00+09:00, limit as 1 to 1000.",
        ),
    ),
    "store_failed": Row(
        status=503,
        title=Text(ja="保存できませんでした", en="It could not be saved"),
        remedy=Text(ja="ディスクの空き容量を確認してください。", en="Check the disk that data_dir lies on."),
    ),
}


def access_problem(code: str, language: Language, *, camera: str | None = None) -> Problem:
    """The problem object of one of these codes."""
    return problem_of(code, _ROWS[code], language, camera=camera)
