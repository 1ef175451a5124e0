// The Wake port in an object: a timer while work is in flight, the object's one alarm when it may sleep.
//
// 1. An alarm that is written costs a row, so an alarm already due before the wanted deadline is left where it is; it
//    then comes early, and `alarmCame` moves it instead of waking the server. A deadline that moves with every commit
//    costs one row in its period, not one a commit.
// 2. No timer is left behind when the server asks for an alarm or for nothing: a pending timer keeps the object awake.
// 3. The alarm is left alone while a timer is wanted: it is what wakes the object again if it dies before the timer.
//    With `alarmBy` it is written there, too, unless one is due before that.

import type { Millis } from "../../shared/base/brand.ts";
import type { Wake } from "../server/ports.ts";

export type ObjectWake = Wake & {
  /** The object's alarm fired. True when the server wants to be woken now. */
  alarmCame(now: Millis): boolean;
};

type AlarmStorage = Pick<DurableObjectStorage, "getAlarm" | "setAlarm">;

/** `due` is called when the deadline has come, in an event of its own. */
export function createWake(storage: AlarmStorage, now: () => Millis, due: () => void): ObjectWake {
  let timer: { readonly handle: ReturnType<typeof setTimeout>; readonly deadline: Millis } | null = null;
  let wanted: {
    readonly deadline: Millis;
    readonly urgency: "timer" | "alarm";
    /** When the alarm must have come. */
    readonly alarmBy: Millis | null;
  } | null = null;
  /** What storage holds: unknown until it was read or written once in this life of the object. */
  let stored: { readonly at: Millis | null } | "unknown" | "reading" = "unknown";

  function arm(deadline: Millis): void {
    stored = { at: deadline };
    void storage.setAlarm(deadline);
  }

  function wantAlarm(deadline: Millis): void {
    if (stored === "reading") return;
    if (stored !== "unknown") {
      if (stored.at === null || stored.at > deadline) arm(deadline);
      return;
    }
    stored = "reading";
    void storage.getAlarm().then((at) => {
      if (stored === "reading") stored = { at };
      if (wanted !== null && wanted.alarmBy !== null) wantAlarm(wanted.alarmBy);
    });
  }

  function wantTimer(deadline: Millis): void {
    if (timer?.deadline === deadline) return;
    clearTimer();
    const handle = setTimeout(
      () => {
        timer = null;
        wanted = null;
        due();
      },
      Math.max(0, deadline - now()),
    );
    timer = { handle, deadline };
  }

  function clearTimer(): void {
    if (timer !== null) clearTimeout(timer.handle);
    timer = null;
  }

  return {
    at(deadline, urgency, alarmBy) {
      if (deadline === null) {
        wanted = null;
        return clearTimer();
      }
      wanted = { deadline, urgency, alarmBy: urgency === "alarm" ? deadline : (alarmBy ?? null) };
      if (urgency === "timer") wantTimer(deadline);
      else clearTimer();
      if (wanted.alarmBy !== null) wantAlarm(wanted.alarmBy);
    },
    alarmCame(time) {
      stored = { at: null };
      if (wanted === null) return false;
      if (wanted.urgency === "timer") {
        if (wanted.alarmBy !== null && wanted.alarmBy > time) arm(wanted.alarmBy);
        return false;
      }
      if (wanted.deadline > time) {
        arm(wanted.deadline);
        return false;
      }
      wanted = null;
      return true;
    },
  };
}
