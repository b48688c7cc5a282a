/** A limit outside its range. Thrown while a resolver is built, never on a request. */
export class LimitError extends RangeError {
  override readonly name = "LimitError";
  readonly code = "LIMIT_OUT_OF_RANGE";
}
