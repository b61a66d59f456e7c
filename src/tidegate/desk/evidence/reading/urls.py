from django.urls import path

from tidegate.desk.evidence.reading import views

app_name = "reading"
urlpatterns = [
    path("claims/", views.claims, name="claims"),
    path("claims/add/", views.add, name="add"),
    path("claims/<int:claim>/", views.rule, name="rule"),
    path("identifiers/", views.identifiers, name="identifiers"),
    path("identifiers/<int:identifier>/ignore/", views.ignore, name="ignore"),
]
