/** Two people have changed the same details: what was there, what the other one made of it, and what I would. */

import { Button } from "../ui/Button";
import { Card } from "../ui/Page";
import { Badge, Banner } from "../ui/states";
import { type Column, Table } from "../ui/Table";
import { describe, isSame, MEMBERS, mergeChanges, plain } from "./changes";
import type { DemographicsUpdate } from "./patient";
import { Lines } from "./Lines";

interface Props {
  /** What I had before me when I began. */
  read: DemographicsUpdate;
  mine: DemographicsUpdate;
  theirs: DemographicsUpdate;
  onTake: () => void;
  onKeep: () => void;
}

type Row = (typeof MEMBERS)[number];

export function DemographicsConflict({ onTake, onKeep, ...sides }: Props) {
  const [read, mine, theirs] = [plain(sides.read), plain(sides.mine), plain(sides.theirs)];
  const merged = mergeChanges(read, mine, theirs);
  const rows = MEMBERS.filter(([member]) => !isSame(read[member], theirs[member]) || !isSame(read[member], mine[member]));
  const isDisputed = ([member]: Row): boolean =>
    !isSame(read[member], theirs[member]) && !isSame(read[member], mine[member]) && !isSame(mine[member], theirs[member]);
  const column = (title: string, side: DemographicsUpdate): Column<Row> => ({
    title,
    cell: ([member]) => <Lines lines={describe(side, member)} />,
  });
  const columns: Column<Row>[] = [
    {
      title: "Detail",
      isHeader: true,
      cell: (row) => (
        <>
          {row[1]} {isDisputed(row) && <Badge tone="warn">Both changed</Badge>}
        </>
      ),
    },
    column("When you began", read),
    column("Theirs, stored now", theirs),
    column("Yours", mine),
    column("Yours put onto theirs", merged),
  ];
  return (
    <Card title="Somebody else has changed these details" takesFocus>
      <Banner tone="warn" isAnnounced>
        They were saved while you were editing. Nothing of yours is stored yet, and nothing of theirs is lost.
      </Banner>
      <Table caption="What differs" columns={columns} rows={rows} rowKey={([member]) => member} />
      <div className="actions">
        <Button kind="primary" onPress={onKeep}>
          Apply my changes again
        </Button>
        <Button onPress={onTake}>Take theirs</Button>
      </div>
      <p className="soft">
        If you apply yours again, you see the last column in the form before it is saved. If you take theirs, what you
        have changed is put aside.
      </p>
    </Card>
  );
}
