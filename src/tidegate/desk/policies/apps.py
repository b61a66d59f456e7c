from django.apps import AppConfig


class PoliciesConfig(AppConfig):
    name = "tidegate.desk.policies"
    label = "policies"
