/** Lists that come a page at a time, with a cursor. */

import { useInfiniteQuery } from "@tanstack/react-query";

interface Page<T> {
  items: T[];
  next_cursor?: string | null;
}

/** All pages read so far, as one list in `data`; `load` gets the cursor of the page to read. */
export function usePages<T>(key: readonly unknown[], load: (cursor: string | undefined) => Promise<Page<T>>) {
  return useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam }) => load(pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    select: ({ pages }) => pages.flatMap((page) => page.items),
  });
}
