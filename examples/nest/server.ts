import "reflect-metadata";
import { type CanActivate, Controller, type ExecutionContext, Get, Injectable, Module, UseGuards } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { WsAdapter } from "@nestjs/platform-ws";
import type { Resolution } from "wherefrom";
import { ClientIp, clientOf } from "./client-ip.ts";
import { ClientGateway } from "./gateway.ts";

@Injectable()
class VerifiedClient implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return clientOf(context).trust === "verified";
  }
}

@Controller()
class AppController {
  @Get()
  @UseGuards(VerifiedClient)
  read(@ClientIp() { ip, trust }: Resolution) {
    return { ip, trust };
  }
}

@Module({ controllers: [AppController], providers: [VerifiedClient, ClientGateway] })
class AppModule {}

const app = await NestFactory.create(AppModule, { logger: ["error", "warn"] });
app.useWebSocketAdapter(new WsAdapter(app));

export const server = app.getHttpServer();
server.maxHeadersCount = 0;
await app.listen(Number(process.env.PORT ?? 8000), "127.0.0.1");
