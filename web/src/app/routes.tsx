/** The screens of screens.ts, as the router wants them. */

import { lazy } from "react";
import { createBrowserRouter, type RouteObject } from "react-router";
import { Broken } from "./Broken";
import { Frame } from "./Frame";
import { Guard } from "./Guard";
import { Home } from "./Home";
import { NotFound } from "./NotFound";
import { GUARDED, PUBLIC } from "./screens";

function routes(): RouteObject[] {
  const open = Object.entries(PUBLIC).map(([path, load]) => ({ path, Component: lazy(load) }));
  const guarded = Object.entries(GUARDED).map(([path, [roles, load]]) => {
    const Screen = lazy(load);
    const element = (
      <Guard roles={roles}>
        <Screen />
      </Guard>
    );
    return { path, element: path === "/" ? <Home>{element}</Home> : element };
  });
  return [...open, ...guarded, { path: "*", Component: NotFound }];
}

export const router = createBrowserRouter([{ Component: Frame, ErrorBoundary: Broken, children: routes() }]);
