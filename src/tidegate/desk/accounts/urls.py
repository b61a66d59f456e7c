from django.urls import path

from tidegate.desk.accounts import views

app_name = "accounts"
urlpatterns = [path("", views.list, name="list")]
