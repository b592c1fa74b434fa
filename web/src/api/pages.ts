/** Lists that come a page at a time, with a cursor. */

import { type keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";

interface Page<T> {
  items: T[];
  next_cursor?: string | null;
}

interface Options {
  /** `keepPreviousData`: what was found stays until the next is. */
  placeholderData?: typeof keepPreviousData;
}

/** All pages read so far, as one list in `data`; `load` gets the cursor of the page to read. */
export function usePages<T>(
  key: readonly unknown[],
  load: (cursor: string | undefined, context: { signal: AbortSignal }) => Promise<Page<T>>,
  options: Options = {},
) {
  return useInfiniteQuery({
    queryKey: key,
    queryFn: (context) => load(context.pageParam, context), // cancelled with the screen only if it takes the signal
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    select: ({ pages }) => pages.flatMap((page) => page.items),
    ...options,
  });
}
