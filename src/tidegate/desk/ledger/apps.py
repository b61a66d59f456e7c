from django.apps import AppConfig


class LedgerConfig(AppConfig):
    name = "tidegate.desk.ledger"
    label = "ledger"
