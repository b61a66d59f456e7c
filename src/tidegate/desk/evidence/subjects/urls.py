from django.urls import path

from tidegate.desk.evidence.subjects import views

app_name = "subjects"
urlpatterns = [
    path("", views.page, name="page"),
    path("known/", views.add_known, name="add-known"),
    path("known/<int:known>/forget/", views.forget_known, name="forget-known"),
    path("role/", views.add_role, name="add-role"),
    path("propose/", views.propose, name="propose"),
    path("link/", views.add_link, name="add-link"),
    path("link/<int:link>/", views.rule, name="rule"),
    path("finding/", views.add_finding, name="add-finding"),
]
