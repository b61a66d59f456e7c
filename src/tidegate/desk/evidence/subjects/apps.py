from django.apps import AppConfig


class SubjectsConfig(AppConfig):
    name = "tidegate.desk.evidence.subjects"
    label = "subjects"
