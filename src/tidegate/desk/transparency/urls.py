from django.urls import path

from tidegate.desk.transparency import views

app_name = "transparency"
urlpatterns = [
    path("", views.report, name="report"),
    path("figures.csv", views.figures_csv, name="csv"),
    path("figures.json", views.figures_json, name="json"),
    path("schema.json", views.json_schema, name="schema"),
]
