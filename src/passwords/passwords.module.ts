import { Module } from '@nestjs/common';
import { DatabaseModule } from '../database/database.module.js';
import { UsersModule } from '../users/users.module.js';
import { CreatePasswords1764000002000 } from './migrations/1764000002000-create-passwords.js';
import { BreachCheck } from './breach-check.js';
import { Password } from './password.entity.js';
import { PasswordHasher } from './password-hasher.js';
import { PasswordPolicy } from './password-policy.js';
import { PasswordsService } from './passwords.service.js';
import { UnusableHashes } from './unusable-hashes.js';

@Module({
  imports: [DatabaseModule.forFeature([Password], [CreatePasswords1764000002000]), UsersModule],
  providers: [BreachCheck, PasswordHasher, PasswordPolicy, PasswordsService, UnusableHashes],
  exports: [PasswordsService],
})
export class PasswordsModule {}
