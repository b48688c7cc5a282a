/** What is open on the listeners of a gateway; WebSockets are connections too. */
export type Load = { readonly connections: number; readonly exchanges: number };
