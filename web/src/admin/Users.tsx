/** Every account. */

import { Link } from "react-router";
import { useKept } from "../app/kept";
import { ButtonLink } from "../ui/Button";
import { TextField } from "../ui/fields";
import { formatDate, formatRoles } from "../ui/format";
import { Page } from "../ui/Page";
import { Pager } from "../ui/Pager";
import { Badge, Empty, Loaded } from "../ui/states";
import { type Column, Table } from "../ui/Table";
import { type ManagedUser, useUsers } from "./users";
import "./admin.css";

export default function Users() {
  const [text, setText, settled] = useKept("");
  const newUser = (
    <ButtonLink kind="primary" to="/admin/users/new">
      New user
    </ButtonLink>
  );
  return (
    <Page title="Users" lead="Everybody who can sign in to Quill." actions={newUser}>
      <search className="search">
        <TextField
          type="search"
          label="Search for a user"
          hint="Part of a name, user name or e-mail address"
          autoComplete="off"
          size="medium"
          maxLength={100}
          value={text}
          onChange={setText}
        />
      </search>
      <Found q={settled.trim()} />
    </Page>
  );
}

function Found({ q }: { q: string }) {
  const query = useUsers(q);
  return (
    <Loaded query={query}>
      {(users) => (
        <div className="stack" aria-busy={query.isPlaceholderData} inert={query.isPlaceholderData}>
          {users.length === 0 ? (
            <Empty title="Nobody is found">No name, user name or e-mail address contains what you typed.</Empty>
          ) : (
            <Table caption="Users" columns={COLUMNS} rows={users} rowKey={({ id }) => id} />
          )}
          <Pager pages={query} shown={users.length} what={users.length === 1 ? "user" : "users"} />
        </div>
      )}
    </Loaded>
  );
}

const COLUMNS: readonly Column<ManagedUser>[] = [
  {
    title: "Name",
    isHeader: true,
    cell: ({ id, display_name, username, disabled }) => (
      <>
        <Link className="table-link" to={`/admin/users/${id}`} state={{ username }}>
          {display_name}
        </Link>{" "}
        {disabled && <Badge tone="bad">Disabled</Badge>}
        <span className="second">{username}</span>
      </>
    ),
  },
  { title: "E-mail", cell: ({ email }) => email },
  { title: "Roles", cell: ({ roles }) => <span className="whole">{formatRoles(roles)}</span> },
  { title: "Two-step", cell: ({ totp_enabled }) => (totp_enabled ? <Badge tone="good">On</Badge> : "Off") },
  { title: "Since", cell: ({ created_at }) => <span className="whole">{formatDate(created_at)}</span> },
];
