"""The tables, by what they are about; `gate.service.store.schema` has them all."""
