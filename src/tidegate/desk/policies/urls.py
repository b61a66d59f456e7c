from django.urls import path

from tidegate.desk.policies import views

app_name = "policies"
urlpatterns = [path("", views.page, name="page")]
