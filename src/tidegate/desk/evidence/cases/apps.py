from django.apps import AppConfig


class CasesConfig(AppConfig):
    name = "tidegate.desk.evidence.cases"
    label = "cases"
