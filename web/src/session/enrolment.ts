/** Whether a service refused to go on until this account has a second factor. */

import { observable } from "../app/observable";
import { subscribe } from "./store";

export const { get: isEnrolmentDue, set: demandEnrolment, subscribe: subscribeEnrolment } = observable(false);

subscribe((state) => {
  if (state.status === "out") demandEnrolment(false);
});
