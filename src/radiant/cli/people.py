"""`radiant user`, `tenant`, `key`."""

import click

from radiant.cli.command import load_settings, opened_runtime, run


@click.group()
def user() -> None:
    """People: list, add, reset a password, change a role, disable."""


_TENANT = click.option("--tenant", "tenant_slug", default="main", show_default=True, help="Slug of the workspace.")


@user.command("list")
@_TENANT
def user_list(tenant_slug: str) -> None:
    """People of a workspace."""
    from radiant import people

    async def work() -> None:
        async with opened_runtime(load_settings()) as runtime:
            for item in await people.list_users(runtime.database, tenant_slug):
                operator = " operator" if item.is_operator else ""
                click.echo(f"{item.email:<40} {item.role:<8} {item.status}{operator}")

    run(work())


@user.command("add")
@click.argument("email")
@click.option("--name", default="", help="Their name.")
@click.option("--role", type=click.Choice(["owner", "admin", "member", "viewer"]), default="member", show_default=True)
@_TENANT
def user_add(email: str, name: str, role: str, tenant_slug: str) -> None:
    """Add somebody and print their one-time password."""
    from radiant import people

    async def work() -> None:
        async with opened_runtime(load_settings()) as runtime:
            invited = await people.add_user(runtime.database, tenant_slug, email, name, role)
            click.echo(f"{invited.email}\none-time password: {invited.one_time_password}")

    run(work())


@user.command("reset-password")
@click.argument("email")
@_TENANT
def user_reset_password(email: str, tenant_slug: str) -> None:
    """Give somebody a new one-time password and end their sessions."""
    from radiant import people

    async def work() -> None:
        async with opened_runtime(load_settings()) as runtime:
            click.echo(f"one-time password: {await people.reset_password(runtime.database, tenant_slug, email)}")

    run(work())


@user.command("role")
@click.argument("email")
@click.argument("role", type=click.Choice(["owner", "admin", "member", "viewer"]))
@_TENANT
def user_role(email: str, role: str, tenant_slug: str) -> None:
    """Change somebody's role."""
    from radiant import people

    async def work() -> None:
        async with opened_runtime(load_settings()) as runtime:
            changed = await people.change_user(runtime.database, tenant_slug, email, role=role)
            click.echo(f"{changed.email} is {changed.role}")

    run(work())


@user.command("disable")
@click.argument("email")
@_TENANT
def user_disable(email: str, tenant_slug: str) -> None:
    """Lock somebody out; what is theirs is kept."""
    from radiant import people

    async def work() -> None:
        async with opened_runtime(load_settings()) as runtime:
            changed = await people.change_user(runtime.database, tenant_slug, email, status="disabled")
            click.echo(f"{changed.email} is {changed.status}")

    run(work())


@click.group()
def tenant() -> None:
    """Workspaces: list, add."""


@tenant.command("list")
def tenant_list() -> None:
    """All workspaces."""
    from radiant import people

    async def work() -> None:
        async with opened_runtime(load_settings()) as runtime:
            for item in await people.list_tenants(runtime.database):
                click.echo(f"{item.slug:<30} {item.name:<40} {item.plan:<12} {item.status}")

    run(work())


@tenant.command("add")
@click.argument("slug")
@click.argument("owner_email")
@click.option("--name", help="Its name; the slug unless given.")
def tenant_add(slug: str, owner_email: str, name: str | None) -> None:
    """Make a workspace and print its owner's one-time password."""
    from radiant import people

    async def work() -> None:
        async with opened_runtime(load_settings()) as runtime:
            made, owner = await people.add_tenant(runtime.database, slug, name or slug, owner_email)
            click.echo(f"{made.slug}: owner {owner.email}\none-time password: {owner.one_time_password}")

    run(work())


@click.group()
def key() -> None:
    """API keys: list, make, revoke."""


@key.command("list")
@_TENANT
def key_list(tenant_slug: str) -> None:
    """Keys of a workspace."""
    from radiant import people

    async def work() -> None:
        async with opened_runtime(load_settings()) as runtime:
            for item in await people.list_keys(runtime.database, tenant_slug):
                state = "revoked" if item.revoked_at else "active"
                click.echo(
                    f"{item.id}  {item.prefix}…  {state:<8} {','.join(item.scopes):<24} {item.user_email}  {item.name}"
                )

    run(work())


@key.command("make")
@click.argument("email")
@click.option("--name", default="command line", show_default=True)
@click.option("--scope", "scopes", multiple=True, default=["inference"], show_default=True)
@_TENANT
def key_make(email: str, name: str, scopes: tuple[str, ...], tenant_slug: str) -> None:
    """Make a key for somebody and print it, with a curl line."""
    from radiant import people
    from radiant.up import curl_line

    settings = load_settings()

    async def work() -> None:
        async with opened_runtime(settings) as runtime:
            made = await people.make_key(runtime.database, tenant_slug, email, name, list(scopes))
            click.echo(made.secret)
            click.echo(f"\n{curl_line(settings, made.secret)}", err=True)

    run(work())


@key.command("revoke")
@click.argument("key_id")
@_TENANT
def key_revoke(key_id: str, tenant_slug: str) -> None:
    """Revoke a key at once."""
    from radiant import people

    async def work() -> None:
        async with opened_runtime(load_settings()) as runtime:
            await people.revoke_key(runtime.database, tenant_slug, key_id)
            click.echo("revoked")

    run(work())
