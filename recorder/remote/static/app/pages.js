// The pages of the app, in the order of the navigation. A page is a custom element with
//   begin(site, query, signal): the SiteState, the URLSearchParams behind `?` in the address, and an AbortSignal that is
// aborted when the page is left; whatever listens or ticks takes it ({ signal }, `every`). Elements it holds end in their
// disconnectedCallback. Its name in the navigation and title is the text `nav.<name>`; one with `hidden` is reached by links only,
// one with `role` only by who may do what that role may.

import { AuditPage } from "./pages/audit-page.js";
import { EventsPage } from "./pages/events-page.js";
import { DevicePage } from "./pages/device-page.js";
import { ExportsPage } from "./pages/exports-page.js";
import { LicencePage } from "./pages/licence-page.js";
import { PlaybackPage } from "./pages/playback-page.js";
import { SignInPage } from "./pages/sign-in-page.js";
import { UsersPage } from "./pages/users-page.js";
import { WallPage } from "./pages/wall-page.js";

export const PAGES = [
  { name: "wall", tag: "wall-page", element: WallPage },
  { name: "playback", tag: "playback-page", element: PlaybackPage },
  { name: "events", tag: "events-page", element: EventsPage },
  { name: "exports", tag: "exports-page", element: ExportsPage, role: "operator" },
  { name: "device", tag: "device-page", element: DevicePage, role: "admin" },
  { name: "licence", tag: "licence-page", element: LicencePage },
  { name: "users", tag: "users-page", element: UsersPage, role: "admin" },
  { name: "audit", tag: "audit-page", element: AuditPage, role: "admin" },
  { name: "sign-in", tag: "sign-in-page", element: SignInPage, hidden: true },
];
