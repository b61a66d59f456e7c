from django.urls import path

from tidegate.desk.accounts import acting, holding, views

app_name = "accounts"
urlpatterns = [
    path("", views.list, name="list"),
    path("find/", acting.find, name="find"),
    path("<pseudonym:key>/", views.page, name="page"),
    path("<pseudonym:key>/life/", views.life, name="life"),
    path("<pseudonym:key>/reveal/", acting.reveal, name="reveal"),
    path("<pseudonym:key>/rule/", acting.rule, name="rule"),
    path("<pseudonym:key>/export/", holding.export, name="export"),
    path("<pseudonym:key>/erase/", holding.erase, name="erase"),
    path("<pseudonym:key>/erase/confirmed/", holding.erase_confirmed, name="erase-confirmed"),
]
