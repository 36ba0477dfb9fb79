"""Addresses of the mailbox, included at /mailbox/ in local mode."""

from django.urls import path

from clinic.local import views

app_name = "local"

urlpatterns = [
    path("", views.mail_list, name="mail-list"),
    path("<str:key>/", views.mail_detail, name="mail-detail"),
    path("<str:key>/html/", views.mail_html, name="mail-html"),
    path("<str:key>/raw/", views.mail_raw, name="mail-raw"),
    path("<str:key>/parts/<int:number>/", views.mail_part, name="mail-part"),
]
