import { applyDecorators } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';
import { Exempt, type Requirement } from '../guard/requirements.js';
import { MULTI_FACTOR } from './second-factor.js';
import { TwoFactorRequired } from './second-factors.errors.js';

/** With `TWO_FACTOR=required`: this session was opened, or is raised, with a second factor (parity TF-11). */
export const secondFactorProven: Requirement = ({ session }) => {
  if (!session.methods.includes(MULTI_FACTOR)) throw new TwoFactorRequired();
};

/** Tells the OpenAPI document which routes it frees; taken out there. */
export const ENROLMENT_EXTENSION = 'x-enrolment';

/** Marks what somebody may do who has no second factor yet, where one is required: set one up. */
export const Enrolment = (): MethodDecorator & ClassDecorator =>
  applyDecorators(Exempt(secondFactorProven), ApiExtension(ENROLMENT_EXTENSION, true));
