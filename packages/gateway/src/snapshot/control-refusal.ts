/** Control does not let this gateway in. Asking again soon would not change that, and would count against everybody at this address. */
export class ControlRefusal extends Error {
  override readonly name = "ControlRefusal";
}
