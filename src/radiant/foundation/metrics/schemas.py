"""Shapes of events and of what they add up to."""

from datetime import datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

import msgspec
from pydantic import BaseModel

from radiant.kit.money import Dollars

MetricType = Literal["api_request", "token_usage", "model_inference", "billing"]
PeriodType = Literal["hourly", "daily", "weekly", "monthly"]
Group = Literal["model", "user", "provider", "key"]


class NewEvent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An event from outside, as it is sent. `ingest` bounds what the types here do not."""

    event_id: UUID
    metric_type: MetricType
    metric_name: str
    value: Decimal
    dimensions: dict[str, str] = {}
    user_id: UUID | None = None
    recorded_at: datetime | None = None


class Refused(BaseModel):
    """An event that was set aside; `index`: its place in the batch, from 0."""

    index: int
    event_id: str | None
    reason: str


class Received(BaseModel):
    """What became of a batch. Accepted events are in the database; duplicates were accepted before."""

    accepted: int
    duplicates: int
    refused: list[Refused]


class Sums(BaseModel):
    """What events of a time add up to. Counts, tokens and cost are exact, percentiles within 1 %; `unique_users` is
    exact up to 4,096 and then within 1 %. Latencies in milliseconds; null: nothing was timed."""

    total_requests: int
    total_tokens: int
    input_tokens: int
    output_tokens: int
    total_cost: Dollars
    error_count: int
    unique_users: int
    avg_latency_ms: float | None
    p50_latency_ms: float | None
    p95_latency_ms: float | None
    p99_latency_ms: float | None


class Aggregate(Sums):
    """One row of aggregated_metrics. `group`: the model, provider, or id of the person or key; `name`: theirs."""

    period_type: PeriodType
    period_start: datetime
    period_end: datetime
    metric_type: MetricType
    group: str | None
    name: str | None


class GroupSums(Sums):
    """The same of one model, person, provider or key."""

    group: str
    name: str


class Point(Sums):
    """The same of one hour or day."""

    at: datetime


class Overview(BaseModel):
    """A time at a glance, beside the time of the same length before it."""

    start: datetime
    end: datetime
    step: Literal["hourly", "daily"]
    total: Sums
    before: Sums
    series: list[Point]
    by_model: list[GroupSums]
    by_user: list[GroupSums]


class Spent(BaseModel):
    """What calls of one model, person, provider or key cost."""

    group: str | None
    name: str | None
    calls: int
    cost: Dollars


class Requests(BaseModel):
    """Requests and jobs besides the calls of models. `refused`: a request for a model that never became a call, and the
    slug of its problem; `api`: other requests; `job`: tries of jobs. `what`: method and path, or the job's name;
    `result`: the status, or done, failed, gave_up."""

    kind: Literal["refused", "api", "job"]
    what: str
    result: str | None
    error: str | None
    count: int


class Month(BaseModel):
    """This month's spend, and where it leads at the pace of the last seven days."""

    spent: Dollars
    forecast: Dollars
    start: datetime
    end: datetime


class Spend(BaseModel):
    """What calls cost, by the ledger: exact."""

    total: Dollars
    calls: int
    items: list[Spent]
    month: Month
