from django.urls import path

from tidegate.desk.audit import views

app_name = "audit"
urlpatterns = [
    path("", views.records, name="list"),
    path("check/", views.check, name="check"),
    path("export/", views.export, name="export"),
]
