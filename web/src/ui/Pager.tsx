/** The end of a list that came in part: how much is there, and a button for more. */

import { Button } from "./Button";
import { Failure } from "./states";

interface PagesLike {
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  isFetchNextPageError: boolean;
  error: unknown;
  fetchNextPage: () => unknown;
}

export function Pager({ pages, shown, what }: { pages: PagesLike; shown: number; what: string }) {
  return (
    <>
      {pages.isFetchNextPageError && !pages.isFetchingNextPage && <Failure error={pages.error} />}
      <div className="actions no-print">
        {pages.hasNextPage && (
          <Button isPending={pages.isFetchingNextPage} onPress={() => void pages.fetchNextPage()}>
            Show more
          </Button>
        )}
        <span className="soft" role="status">
          {shown} {what} shown{pages.hasNextPage ? "" : ", and that is all"}
        </span>
      </div>
    </>
  );
}
