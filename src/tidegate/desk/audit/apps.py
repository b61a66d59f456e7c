from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "tidegate.desk.audit"
    label = "audit"
