"""Where devices are reached on their own networks."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the column; a device tells it when it connects."""
    with op.batch_alter_table("devices") as table:
        table.add_column(sa.Column("places", sa.JSON(), nullable=False, server_default="[]"))
