import type { IncomingMessage } from "node:http";
import { type OnGatewayConnection, SubscribeMessage, WebSocketGateway } from "@nestjs/websockets";
import type { Resolution } from "wherefrom";
import type { WebSocket } from "ws";
import { ClientIp, clientOf } from "./client-ip.ts";

@WebSocketGateway()
export class ClientGateway implements OnGatewayConnection {
  handleConnection(client: WebSocket, request: IncomingMessage) {
    clientOf(request, client);
  }

  @SubscribeMessage("client")
  tell(@ClientIp() { ip, trust }: Resolution) {
    return { ip, trust };
  }
}
