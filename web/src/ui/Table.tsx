/** A table of rows; on a narrow screen each row becomes a small list of its own. */

import type { ReactNode } from "react";
import "./table.css";

export interface Column<T> {
  title: string;
  cell: (row: T) => ReactNode;
  /** The column that names the row. */
  isHeader?: boolean;
}

interface Props<T> {
  /** Said by screen readers before the table. */
  caption: string;
  columns: readonly Column<T>[];
  rows: readonly T[];
  rowKey: (row: T) => string;
}

export function Table<T>({ caption, columns, rows, rowKey }: Props<T>) {
  return (
    <table className="table">
      <caption className="unseen">{caption}</caption>
      <thead>
        <tr>
          {columns.map(({ title }) => (
            <th key={title} scope="col">
              {title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={rowKey(row)}>
            {columns.map((column) => (
              <Cell key={column.title} column={column} row={row} />
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Cell<T>({ column, row }: { column: Column<T>; row: T }) {
  const content = (
    <>
      <span className="cell-title" aria-hidden="true">
        {column.title}
      </span>
      {column.cell(row)}
    </>
  );
  return column.isHeader ? <th scope="row">{content}</th> : <td>{content}</td>;
}

/** Names and values. */
export function Facts({ facts }: { facts: readonly (readonly [name: string, value: ReactNode])[] }) {
  return (
    <dl className="facts">
      {facts.map(([name, value]) => (
        <FactPair key={name} name={name} value={value} />
      ))}
    </dl>
  );
}

function FactPair({ name, value }: { name: string; value: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{value ?? "–"}</dd>
    </>
  );
}
