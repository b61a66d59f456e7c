from django.urls import path

from tidegate.desk.access import own_views, people_views, views

app_name = "access"
urlpatterns = [
    path("sign-in/", views.sign_in, name="sign-in"),
    path("sign-out/", views.sign_out, name="sign-out"),
    path("second-factor/", own_views.second_factor, name="second-factor"),
    path("me/", own_views.own, name="own"),
    path("me/password/", own_views.password, name="password"),
    path("me/backup-codes/", own_views.backup_codes, name="backup-codes"),
    path("people/", people_views.people, name="people"),
    path("people/add/", people_views.add, name="add"),
    path("people/<int:pk>/", people_views.person, name="person"),
    path("people/<int:pk>/role/", people_views.change_role, name="change-role"),
    path("people/<int:pk>/deactivate/", people_views.deactivate, name="deactivate"),
    path("people/<int:pk>/activate/", people_views.activate, name="activate"),
    path(
        "people/<int:pk>/reset-second-factor/", people_views.reset_second_factor, name="reset-second-factor"
    ),
    path("people/<int:pk>/reset-password/", people_views.reset_password, name="reset-password"),
]
