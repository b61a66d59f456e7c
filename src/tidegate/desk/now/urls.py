from django.urls import path

from tidegate.desk.now import views

app_name = "now"
urlpatterns = [
    path("", views.page, name="page"),
    path("now/live/", views.live, name="live"),
    path("now/trend/", views.trend, name="trend"),
    path("breakers/<slug:word>/", views.breaker, name="breaker"),
]
