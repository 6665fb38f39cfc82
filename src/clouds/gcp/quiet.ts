/**
 * With this set, Google's libraries print every request and every token, and the user data in a request holds private keys.
 * They read it when they are loaded: whoever loads them loads this before.
 */
delete process.env['GOOGLE_SDK_NODE_LOGGING']
