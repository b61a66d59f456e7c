from django.apps import AppConfig


class DossierConfig(AppConfig):
    name = "tidegate.desk.evidence.dossier"
    label = "dossier"
