/**
 * Imported before anything of Azure's: its libraries read this variable once, and then write every request's address to
 * standard error, among them those that carry a signature.
 */
delete process.env['AZURE_LOG_LEVEL']
