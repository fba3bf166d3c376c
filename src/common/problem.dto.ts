import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';

export class FieldErrorDto {
  @ApiProperty() field: string;
  @ApiProperty({ description: 'A stable name for the broken rule.' }) code: string;
  @ApiProperty() message: string;
}

/** A problem document (RFC 9457), with `statusCode` and `message` for clients that know Nest's own errors. */
export class ProblemDto {
  @ApiProperty({ description: 'Where this code is explained.' }) type: string;
  @ApiProperty({ description: 'The name of the status.' }) title: string;
  @ApiProperty({ type: 'integer' }) status: number;
  @ApiProperty({ description: 'What is wrong, in plain words.' }) detail: string;
  @ApiProperty({ description: 'The path that was asked for.' }) instance: string;
  @ApiProperty({ description: 'Stable; decide by this one.' }) code: string;
  @ApiProperty({ description: 'Names this request in the logs.' }) requestId: string;
  @ApiPropertyOptional({ type: [FieldErrorDto] }) errors?: FieldErrorDto[];
  @ApiProperty({ type: 'integer', description: 'The same as `status`.' }) statusCode: number;
  @ApiProperty({ description: 'The same as `detail`.' }) message: string;
}
