/** In place of what markdown-it brings to find addresses in plain text (vite.config.ts): links in letters are written as such. */

export class LinkifyIt {}
