import { Injectable } from '@nestjs/common';
import { AppConfig } from '../config/app-config.js';

/** Where features have something for other services: what the metadata tells of them (RFC 8414). */
@Injectable()
export class ServiceEndpoints {
  private readonly urls: Record<string, string> = {};

  constructor(private readonly config: AppConfig) {}

  /**
   * @param member its name in the metadata
   * @param path below `PUBLIC_URL`
   */
  add(member: string, path: string): void {
    this.urls[member] = this.config.http.publicUrl + path;
  }

  all(): Readonly<Record<string, string>> {
    return this.urls;
  }
}
