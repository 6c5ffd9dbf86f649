# SPDX-License-Identifier: Apache-2.0
"""The Django REST framework peer: models, serializers, filters and viewsets as its documentation has them.

gunicorn bench.apps.drf_peer:app, with BENCH_STORE naming the SQLite file or the PostgreSQL database.
"""

from __future__ import annotations

from typing import Any

import django
from django.conf import settings
from django.http import HttpRequest

from bench.apps.drf_settings import SETTINGS

settings.configure(ROOT_URLCONF=__name__, **SETTINGS)
django.setup()

import django_filters  # noqa: E402  Django wants its settings before anything else is imported.
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import models  # noqa: E402
from django.db.models import F, Q, QuerySet, Value  # noqa: E402
from django.db.models.functions import Concat  # noqa: E402
from django.urls import include, path  # noqa: E402
from rest_framework import (  # noqa: E402
    authentication,
    exceptions,
    mixins,
    pagination,
    permissions,
    routers,
    serializers,
    viewsets,
)
from rest_framework.response import Response  # noqa: E402

from bench.apps.shared import KeyCache, key_hash  # noqa: E402
from bench.ids import cuid_text, new_id, ulid_text  # noqa: E402


class Client(models.Model):
    clinic_id = models.BigIntegerField()
    public_id = models.CharField(max_length=26)
    cuid = models.CharField(max_length=25)
    first_name = models.TextField()
    middle_name = models.TextField(null=True)
    last_name = models.TextField()
    email = models.TextField(null=True)
    phone = models.TextField(null=True)
    address = models.TextField(null=True)
    last_visit = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        app_label, db_table, managed = "bench", "clients", False


class Patient(models.Model):
    clinic_id = models.BigIntegerField()
    public_id = models.CharField(max_length=26)
    name = models.TextField()
    species = models.TextField()
    breed = models.TextField(null=True, blank=True)
    sex = models.TextField(default="unknown")
    neutered = models.BooleanField(default=False)
    date_of_birth = models.DateField(null=True, blank=True)
    weight_kg = models.FloatField(null=True, blank=True)
    owner_id = models.CharField(max_length=26)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        app_label, db_table, managed = "bench", "patients", False


class ApiKey(models.Model):
    clinic_id = models.BigIntegerField()
    key_hash = models.TextField()
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        app_label, db_table, managed = "bench", "api_keys", False


CACHE = KeyCache()


class Caller:
    """Who the permission class sees."""

    is_authenticated = True

    def __init__(self, clinic: int) -> None:
        self.clinic = clinic


class KeyAuthentication(authentication.BaseAuthentication):
    def authenticate(self, request: HttpRequest) -> tuple[Caller, None] | None:
        header = request.META.get("HTTP_AUTHORIZATION", "")
        if not header.startswith("Bearer "):
            return None
        key = header[7:]
        clinic = CACHE.get(key)
        if clinic is None:
            found = ApiKey.objects.filter(key_hash=key_hash(key), revoked_at__isnull=True)
            clinic = found.values_list("clinic_id", flat=True).first()
            if clinic is None:
                raise exceptions.AuthenticationFailed
            CACHE.put(key, clinic)
        return Caller(clinic), None

    def authenticate_header(self, request: HttpRequest) -> str:
        return "Bearer"


class PatientSerializer(serializers.ModelSerializer):
    fp = serializers.SerializerMethodField()
    owner_customer_fp = serializers.SerializerMethodField()

    class Meta:
        model = Patient
        fields = ("fp name species breed sex date_of_birth weight_kg owner_customer_fp created_at updated_at").split()

    def get_fp(self, row: Patient) -> str:
        return "patient_" + row.public_id

    def get_owner_customer_fp(self, row: Patient) -> str:
        return "customer_" + row.owner_id


class OwnerSerializer(serializers.ModelSerializer):
    id = serializers.CharField(source="cuid")
    firstName = serializers.CharField(source="first_name")
    middleName = serializers.CharField(source="middle_name")
    lastName = serializers.CharField(source="last_name")
    lastVisit = serializers.DateTimeField(source="last_visit")
    createdAt = serializers.DateTimeField(source="created_at")
    updatedAt = serializers.DateTimeField(source="updated_at")

    class Meta:
        model = Client
        fields = "id firstName middleName lastName email phone address lastVisit createdAt updatedAt".split()


class PetSerializer(serializers.ModelSerializer):
    id = serializers.SerializerMethodField()
    birthdate = serializers.DateField(source="date_of_birth", required=False)
    weight = serializers.FloatField(source="weight_kg", required=False)
    ownerId = serializers.SlugRelatedField(slug_field="cuid", queryset=Client.objects.none(), source="owner")
    createdAt = serializers.DateTimeField(source="created_at", read_only=True)

    class Meta:
        model = Patient
        fields = "id name species breed birthdate weight neutered ownerId createdAt".split()

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        fields["ownerId"].queryset = Client.objects.filter(clinic_id=self.context["request"].user.clinic)
        return fields

    def get_id(self, row: Patient) -> str:
        return cuid_text(row.number)

    def create(self, data: dict[str, Any]) -> Patient:
        owner, number = data.pop("owner"), new_id()
        data["species"] = data["species"].lower()
        row = Patient.objects.create(public_id=ulid_text(number), owner_id=owner.public_id, **data)
        row.number, row.owner = number, owner
        return row


class VetigenPages(pagination.PageNumberPagination):
    page_size = 20
    page_size_query_param = "page_size"
    max_page_size = 100

    def get_paginated_response(self, data: list[Any]) -> Response:
        size = self.get_page_size(self.request)
        body = {"items": data, "total": self.page.paginator.count, "page": self.page.number, "page_size": size}
        return Response({"success": True, "data": body | {"has_more": self.page.has_next()}, "message": "OK"})


class ClinovaPages(pagination.LimitOffsetPagination):
    default_limit = 50
    max_limit = 100

    def get_paginated_response(self, data: list[Any]) -> Response:
        more = self.offset + len(data) < self.count
        block = {"total": self.count, "limit": self.limit, "offset": self.offset, "hasMore": more}
        return Response({"data": data, "pagination": block})


class PatientFilter(django_filters.FilterSet):
    updated_since = django_filters.IsoDateTimeFilter(field_name="updated_at", lookup_expr="gt")

    class Meta:
        model = Patient
        fields = ["species"]


class OwnerFilter(django_filters.FilterSet):
    search = django_filters.CharFilter(method="matching")

    class Meta:
        model = Client
        fields: list[str] = []

    def matching(self, rows: QuerySet[Client], name: str, needle: str) -> QuerySet[Client]:
        rows = rows.annotate(
            full_name=Concat(F("first_name"), Value(" "), F("last_name"), output_field=models.TextField())
        )
        columns = ("first_name", "middle_name", "last_name", "full_name", "email", "phone")
        match = Q()
        for column in columns:
            match |= Q(**{column + "__icontains": needle})
        return rows.filter(match)


class Guarded(viewsets.GenericViewSet):
    """Both resources: a key, and only the clinic's own rows."""

    authentication_classes = [KeyAuthentication]
    permission_classes = [permissions.IsAuthenticated]

    def get_queryset(self) -> QuerySet[Any]:
        return super().get_queryset().filter(clinic_id=self.request.user.clinic)


class Patients(mixins.ListModelMixin, mixins.RetrieveModelMixin, Guarded):
    queryset = Patient.objects.order_by("-updated_at", "-id")
    serializer_class = PatientSerializer
    pagination_class = VetigenPages
    filterset_class = PatientFilter
    lookup_field = "public_id"
    lookup_value_regex = "[0-9A-Z]{26}"

    def retrieve(self, *args: Any, **kwargs: Any) -> Response:
        return Response({"success": True, "data": super().retrieve(*args, **kwargs).data, "message": "OK"})


class Owners(mixins.ListModelMixin, Guarded):
    queryset = Client.objects.order_by("-created_at", "-id")
    serializer_class = OwnerSerializer
    pagination_class = ClinovaPages
    filterset_class = OwnerFilter


class Pets(mixins.CreateModelMixin, Guarded):
    queryset = Patient.objects.all()
    serializer_class = PetSerializer

    def perform_create(self, serializer: PetSerializer) -> None:
        serializer.save(clinic_id=self.request.user.clinic)


router = routers.SimpleRouter(trailing_slash=False)
router.register("owners", Owners, "owners")
router.register("pets", Pets, "pets")

urlpatterns = [
    path("api/v1/patients", Patients.as_view({"get": "list"})),
    path("api/v1/patients/patient_<str:public_id>", Patients.as_view({"get": "retrieve"})),
    path("api/v1/", include(router.urls)),
]
app = get_wsgi_application()
