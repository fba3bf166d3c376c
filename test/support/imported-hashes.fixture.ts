/** What a hash is of, the password that made it, and the hash as other systems store it. */
export type ImportedHash = readonly [kind: string, password: string, hash: string];

const PHRASE = 'correct horse battery';

/** Test vectors of jBCrypt, crypt_blowfish, PHP, the Argon2 reference implementation and RFC 7914; examples of passlib. */
export const PUBLISHED: ImportedHash[] = [
  ['bcrypt $2a', 'abc', '$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i'],
  ['bcrypt $2a of a low cost', 'U*U', '$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW'],
  ['bcrypt $2b', 'abc', '$2b$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i'],
  ['bcrypt $2y', 'rasmuslerdorf', '$2y$07$usesomesillystringfore2uDLvp1Ii2e./U9C8sBjqp8I90dH6hi'],
  [
    'argon2id',
    'password',
    '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc',
  ],
  [
    'argon2i',
    'password',
    '$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA',
  ],
  [
    'scrypt, PHC, the third vector of RFC 7914',
    'pleaseletmein',
    '$scrypt$ln=14,r=8,p=1$U29kaXVtQ2hsb3JpZGU$cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofLVQylVYT8Pz2LUlwUkKpr55h6F3A1lHkDfzwF7RVdYhw',
  ],
  [
    'scrypt of passlib',
    'password',
    '$scrypt$ln=16,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E',
  ],
  [
    'PBKDF2-SHA-256, PHC, a vector of RFC 6070 with that digest',
    'passwordPASSWORDpassword',
    '$pbkdf2-sha256$i=4096,l=40$c2FsdFNBTFRzYWx0U0FMVHNhbHRTQUxUc2FsdFNBTFRzYWx0$NIyJ28vTKy8y2BS4EW6EzysXNH68GAAYHE4qH7jdU+HGNVGMfaxH6Q',
  ],
  [
    'PBKDF2-SHA-256 of passlib',
    'password',
    '$pbkdf2-sha256$6400$0ZrzXitFSGltTQnBWOsdAw$Y11AchqV4b0sUisdZd0Xr97KWoymNE0LNNrnEgY4H9M',
  ],
];

/** Made with Python's `hashlib.scrypt` and `hashlib.pbkdf2_hmac`, and written as Django 5, Werkzeug 3 and passlib do. */
export const MADE_ELSEWHERE: ImportedHash[] = [
  [
    'scrypt of Django',
    PHRASE,
    'scrypt$16384$mVxU0cT1yQGJk3Lr5sW9aB$8$5$w2o9sw+HuPNEKNZtx17hi/gFcX7Rf2EzP3s28Qi0qk6THvR1yHiJInDdOMQybyG9o3vpTZGC8u1ZeLJAwLHBcQ==',
  ],
  [
    'scrypt of Werkzeug',
    PHRASE,
    'scrypt:32768:8:1$w3Hd9sLqT6bN1xYz$093f9b0c24f78dc21bc58c0d7fd71b244d3d05788deec10cefd8be429bfd59c77742bd3450b6ea6f6c6cf816a2fe9d2fd71a0a89d1616652370f7b4d737e4ec7',
  ],
  [
    'PBKDF2-SHA-256, PHC',
    PHRASE,
    '$pbkdf2-sha256$i=20000$AAECAwQFBgcICQoLDA0ODw$21ZKfDXQ1jX1ts3HPBVipka6vaxxbF+RqTT0Azf830U',
  ],
  [
    'PBKDF2-SHA-512, PHC',
    PHRASE,
    '$pbkdf2-sha512$i=20000$AAECAwQFBgcICQoLDA0ODw$iisnYa95/KkzU9Ygxl4/fvYwmtLtPW+ZTSyzCcN1YNFEVfx5zVvv4w5bSkkr/HjVIEMrQcuC4jNkAyYO0MDKfQ',
  ],
  [
    'PBKDF2-SHA-512 of passlib',
    PHRASE,
    '$pbkdf2-sha512$12000$./v7./v7./v7./v7./v7.w$nociNL.BfWo3VP7TAi1a2IuFgJOkwEd3cnLeM2Spux8CO5.9rOimj0yZljBQaM365Y94CVzmhb3.tmJZQ4kd9w',
  ],
  [
    'PBKDF2-SHA-256 of Django',
    PHRASE,
    'pbkdf2_sha256$36000$Xq0Pb8Zk3m2T$HlQaV6PkMrsYGnSnCHFdjXAmLXWeaQU1ycTOTGvbWTU=',
  ],
  [
    'PBKDF2-SHA-512 of Django',
    PHRASE,
    'pbkdf2_sha512$36000$Xq0Pb8Zk3m2T$q35mqbFHb868kxvtTwY357KvGtO38xj9AO36rRf6X+NK4ELkz298FRjHJGC8uC/6IQYhQRUSBku3edTZH5tDjQ==',
  ],
  [
    'PBKDF2-SHA-256 of Werkzeug',
    PHRASE,
    'pbkdf2:sha256:26000$vJ8sQm2x$df27ce23a63f016220f4ae3481181f7662cf2072e47914a31369bafcc723a92a',
  ],
  [
    'PBKDF2-SHA-512 of Werkzeug',
    PHRASE,
    'pbkdf2:sha512:26000$vJ8sQm2x$e3c0dc47bc3f769636ed183c79074097dd0ca484b21c2b381c6f18427ce162f5162a1f32c6bf85e5223eb3445863c5aa8dc75c157854bb574afb3411b684befa',
  ],
];

const ARGON2_END = 'c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc';
const BCRYPT_END = 'If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i';
const SALT = 'AAECAwQFBgcICQoLDA0ODw';
const DIGEST = '21ZKfDXQ1jX1ts3HPBVipka6vaxxbF+RqTT0Azf830U';

/** Each would keep a thread busy for minutes or hours, or take all memory, if it were tried. */
export const TOO_COSTLY: (readonly [kind: string, hash: string])[] = [
  ['bcrypt of cost 16', `$2b$16$${BCRYPT_END}`],
  ['bcrypt of cost 31', `$2b$31$${BCRYPT_END}`],
  ['argon2 of 257 MiB', `$argon2id$v=19$m=263168,t=1,p=1$${ARGON2_END}`],
  ['argon2 of 4 TiB', `$argon2id$v=19$m=4294967295,t=2,p=1$${ARGON2_END}`],
  ['argon2 of 11 passes', `$argon2id$v=19$m=1024,t=11,p=1$${ARGON2_END}`],
  ['argon2 of 9 lanes', `$argon2id$v=19$m=1024,t=1,p=9$${ARGON2_END}`],
  ['scrypt of 256 MiB', `$scrypt$ln=18,r=8,p=1$${SALT}$${DIGEST}`],
  ['scrypt of 2^99', `$scrypt$ln=99,r=8,p=1$${SALT}$${DIGEST}`],
  ['scrypt of 128 MiB five times over', `$scrypt$ln=17,r=8,p=5$${SALT}$${DIGEST}`],
  ['scrypt of Django, of 1 GiB', `scrypt$1048576$Xq0Pb8Zk3m2T$8$1$${DIGEST}=`],
  ['scrypt of Werkzeug, of wide blocks', `scrypt:32768:999:1$Xq0Pb8Zk3m2T$${'ab'.repeat(32)}`],
  ['PBKDF2 of 2,000,001 rounds', `$pbkdf2-sha256$i=2000001$${SALT}$${DIGEST}`],
  ['PBKDF2 of 9,999,999,999 rounds', `pbkdf2_sha256$9999999999$Xq0Pb8Zk3m2T$${DIGEST}=`],
  [
    'PBKDF2 of 1,000,001 rounds for each of two blocks',
    `pbkdf2:sha256:1000001$Xq0Pb8Zk3m2T$${'ab'.repeat(64)}`,
  ],
];

/** No hash that is known, or one that protects nothing. */
export const UNKNOWN: (readonly [kind: string, hash: string])[] = [
  ['plain text', 'password'],
  ['nothing but a name', '$argon2id$'],
  ['MD5', '5f4dcc3b5aa765d61d8327deb882cf99'],
  ['crypt of another kind', '$6$saltsalt$abc'],
  ['bcrypt of cost 3', `$2b$03$${BCRYPT_END}`],
  ['bcrypt of cost 99', `$2b$99$${BCRYPT_END}`],
  ['bcrypt $2x', `$2x$06$${BCRYPT_END}`],
  ['bcrypt with a line break after it', `$2b$06$${BCRYPT_END}\n`],
  ['bcrypt cut by a character', `$2b$06$${BCRYPT_END.slice(1)}`],
  ['argon2 of version 16', `$argon2id$v=16$m=1024,t=1,p=1$${ARGON2_END}`],
  ['argon2 without memory', `$argon2id$v=19$m=7,t=1,p=1$${ARGON2_END}`],
  ['argon2 without passes', `$argon2id$v=19$m=1024,t=0,p=1$${ARGON2_END}`],
  ['argon2 without a salt', '$argon2id$v=19$m=1024,t=1,p=1$$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc'],
  ['argon2 with a short salt', '$argon2id$v=19$m=1024,t=1,p=1$c29tZQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc'],
  ['argon2 with a short digest', '$argon2id$v=19$m=1024,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO0'],
  ['argon2 with bits left over', '$argon2id$v=19$m=1024,t=1,p=1$c29tZXNhbHR$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc'],
  ['argon2 with a zero before its memory', `$argon2id$v=19$m=01024,t=1,p=1$${ARGON2_END}`],
  ['scrypt whose N is no power of two', `scrypt:1000:8:1$Xq0Pb8Zk3m2T$${'ab'.repeat(32)}`],
  ['scrypt whose N is 1', `scrypt:1:8:1$Xq0Pb8Zk3m2T$${'ab'.repeat(32)}`],
  ['scrypt whose N is too large for its r', `$scrypt$ln=16,r=1,p=1$${SALT}$${DIGEST}`],
  ['scrypt of no lanes', `$scrypt$ln=14,r=8,p=0$${SALT}$${DIGEST}`],
  ['scrypt with an empty digest', `$scrypt$ln=14,r=8,p=1$${SALT}$`],
  ['scrypt with an empty salt', `scrypt$16384$$8$1$${DIGEST}=`],
  ['PBKDF2 of no rounds', `$pbkdf2-sha256$i=0$${SALT}$${DIGEST}`],
  ['PBKDF2 of negative rounds', `$pbkdf2-sha256$i=-1$${SALT}$${DIGEST}`],
  ['PBKDF2 with SHA-1', `$pbkdf2$20000$${SALT}$${DIGEST}`],
  ['PBKDF2 that lies about its length', `$pbkdf2-sha256$i=4096,l=64$${SALT}$${DIGEST}`],
  ['PBKDF2 with a salt of seven characters', `pbkdf2:sha256:26000$vJ8sQm2$${'ab'.repeat(32)}`],
  ['PBKDF2 with an empty digest', 'pbkdf2_sha256$36000$Xq0Pb8Zk3m2T$'],
  ['PBKDF2 with half a byte', `pbkdf2:sha256:26000$Xq0Pb8Zk3m2T$${'ab'.repeat(32)}c`],
]; // prettier-ignore
