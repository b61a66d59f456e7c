from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "tidegate.desk.accounts"
    label = "accounts"
