"""Settings: `RADIANT_…` in the environment, or one TOML file named by RADIANT_CONFIG. Read once, by the roots.

docs/reference/settings.md lists each; a test holds the two together.
"""

import os
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)


def default_data_dir() -> Path:
    """/var/lib/radiant for root, else the user's data folder. The launcher of a checkout names ./data instead."""
    if os.geteuid() == 0:
        return Path("/var/lib/radiant/data")
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "radiant"


class Settings(BaseSettings):
    """Every setting, with its default."""

    model_config = SettingsConfigDict(env_prefix="RADIANT_", extra="forbid", frozen=True)

    data_dir: Path = Field(
        default_factory=default_data_dir, description="Where everything is kept: database, files, models."
    )
    models_dir: Path | None = Field(
        default=None, description="Where model files are kept; `models` in the data folder unless set."
    )
    models_from: Path | None = Field(
        default=None, description="A folder with model files that were brought here by hand; looked into first."
    )
    host: str = Field(default="127.0.0.1", description="Address to listen on; 0.0.0.0 for the network.")
    port: int = Field(default=8000, ge=1, le=65535, description="Port to listen on.")
    public_url: str | None = Field(
        default=None, description="The address that people use, where a proxy stands in front (https://…)."
    )
    published_port: int | None = Field(
        default=None,
        ge=0,
        le=65535,
        description="Port on which published canvases are served, and nothing else: an origin without anybody's session."
        " The one after `port` unless set, none where `published_url` is; 0 for any that is free.",
    )
    published_url: str | None = Field(
        default=None,
        description="The address of published canvases, where a proxy stands in front (https://published.example.org): a"
        " host or a port of its own. What is asked of that host on the main port is answered as published canvases are.",
    )
    models: Literal["minimal", "standard", "none"] = Field(
        default="standard", description="Local models that the first start installs."
    )
    database_url: SecretStr | None = Field(
        default=None,
        description="An external Postgres 16+ with pgvector, as a role that may create roles and tables."
        " The embedded one is used unless this is set.",
    )
    database_pool: int = Field(default=10, ge=2, le=200, description="Connections per process.")
    master_key: SecretStr | None = Field(
        default=None,
        description="Key that seals secrets (base64, 32 bytes), then former ones, parted by commas."
        " A 0600 file beside the data folder unless set.",
    )
    master_key_file: Path | None = Field(default=None, description="That file, where it should be elsewhere.")
    kms_key_id: str | None = Field(
        default=None, description="An AWS KMS key that seals secrets in place of the local one."
    )
    vault_keys: Literal["shared", "per-vault"] = Field(
        default="shared",
        description="Whether each vault gets an AWS KMS key of its own, or all share that one; KMS only.",
    )
    trail_heads_file: Path | None = Field(
        default=None,
        description="A file, best on another machine's disk, to which the heads of the trails are added every hour;"
        " they are logged unless set.",
    )
    trail_heads_url: str | None = Field(
        default=None,
        description="s3://bucket/prefix for the same, an object each hour; best a bucket with object lock.",
    )
    objects_url: str | None = Field(
        default=None, description="s3://bucket/prefix for files; a folder in the data folder unless set."
    )
    aws_endpoint_url: str | None = Field(default=None, description="Another endpoint for AWS, for emulators.")
    smtp_url: SecretStr | None = Field(
        default=None,
        description="A mail server for invitations and forgotten passwords: smtp://user:password@host:587 or smtps://….",
    )
    smtp_from: str | None = Field(default=None, description="Who such mail is from: RADIANT <radiant@example.org>.")
    error_spool_mb: int = Field(
        default=128,
        ge=8,
        le=10_000,
        description="Most that errors take on disk, per process, while the database is away.",
    )
    session_days: int = Field(default=14, ge=1, le=365, description="Days until an unused session ends.")
    max_upload_mb: int = Field(default=25, ge=1, le=1024, description="Largest upload.")
    request_timeout_s: float = Field(
        default=600, gt=0, description="Longest time that one answer may take, in seconds."
    )
    model_idle_s: float = Field(default=600, gt=0, description="Seconds after which an unused local model is unloaded.")
    model_memory_mb: int | None = Field(
        default=None, ge=256, description="Memory that local models share; half of the machine's unless set."
    )
    model_threads: int | None = Field(
        default=None, ge=1, description="Threads of a local model; one less than the cores unless set."
    )
    learning_model: str | None = Field(
        default=None,
        description="Model that reads what people say of themselves, beside the rules; `none`: rules alone. Unset:"
        " the cheapest of connected providers that keeps to a schema, rules alone where there is none.",
    )
    memory_held_mb: int = Field(
        default=64,
        ge=0,
        le=100_000,
        description="Most that an API process holds of people's memories to search them by. A person may take half, about"
        " 20,000 memories; those of whoever has more are searched in the database.",
    )
    collaboration_address: str | None = Field(
        default=None,
        description="Where other API processes over the same database reach this one, for rooms that it has"
        " (http://10.0.0.7:8000); its port on this machine unless set.",
    )
    collaboration_idle_s: float = Field(
        default=30, gt=0, description="Seconds after which a room that everybody left goes from memory."
    )
    collaboration_rate: float = Field(
        default=1000,
        ge=1,
        description="Messages a second that one connection to rooms may send, five times as many at once; who sends more"
        " is read more slowly.",
    )
    litellm_python: Path | None = Field(
        default=None,
        description="A Python of another environment that has the package litellm, for providers that only it knows.",
    )
    tool_hosts: list[str] = Field(
        default=["*"],
        description="Hosts that workspaces may let the tool http_fetch read: example.org, *.example.org, or * for all that"
        " are public.",
    )
    tool_inner_hosts: list[str] = Field(
        default=[],
        description="Hosts on this machine or its network that tools may call besides, with a port where it is not 80 or"
        " 443: 127.0.0.1:8080, search.internal:*.",
    )
    tool_servers: dict[str, list[str]] = Field(
        default={},
        description="MCP servers that workspaces may have run as programs on this machine: name and command.",
    )
    gguf: list[Path] = Field(default=[], description="Further GGUF files to offer as chat models.")
    trusted_proxies: list[str] = Field(
        default=[], description="Addresses of proxies whose X-Forwarded-For is believed."
    )
    metrics_token: SecretStr | None = Field(
        default=None,
        description="What Prometheus shows at /metrics as its bearer token; only the signed-in operator reads it unless set.",
    )
    metrics_labels: list[Literal["provider", "model", "tenant"]] = Field(
        default=["provider", "model"], description="What calls are told apart by at /metrics: provider, model, tenant."
    )
    metrics_series: int = Field(
        default=1000,
        ge=1,
        le=100_000,
        description="Combinations of these labels that are told apart; others count together.",
    )
    cloudwatch_namespace: str | None = Field(
        default=None,
        description="Send usage to CloudWatch under this namespace, with the AWS credentials of the environment.",
    )
    cloudwatch_dimensions: list[Literal["type", "provider", "model", "tenant"]] = Field(
        default=["type", "model"],
        description="What metrics are told apart by there: type, provider, model, tenant; each combination costs.",
    )
    otlp_endpoint: str | None = Field(
        default=None,
        description="Send calls as OpenTelemetry spans and metrics to this collector (http://collector:4318).",
    )
    otlp_headers: SecretStr | None = Field(default=None, description="Headers that it asks for: name=value,name=value.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least level that is logged."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags, then the environment, then the TOML file."""
        file = os.environ.get("RADIANT_CONFIG")
        toml = (TomlConfigSettingsSource(settings_cls, Path(file)),) if file else ()
        return (init_settings, env_settings, *toml)

    @property
    def model_folder(self) -> Path:
        """Where model files are."""
        return self.models_dir or self.data_dir / "models"

    @property
    def body_limit(self) -> int:
        """The largest body in bytes: an upload with what a form adds to it."""
        return self.max_upload_mb * 2**20 + 64 * 2**10

    @property
    def key_file(self) -> Path:
        """The local master key: beside the data folder, never in it, so a copy of the data is not a copy of the key."""
        return self.master_key_file or self.data_dir.parent / f".{self.data_dir.name}-master.key"

    @property
    def base_url(self) -> str:
        """The address that people use."""
        if self.public_url:
            return self.public_url.rstrip("/")
        host = "localhost" if self.host in {"0.0.0.0", "127.0.0.1", "::"} else self.host  # noqa: S104
        return f"http://{host}:{self.port}"
