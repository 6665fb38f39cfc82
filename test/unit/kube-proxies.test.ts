import { expect, test } from 'vitest'
import { proxyFor } from '../../src/kube/proxies.ts'

const proxy = 'http://proxy.example.com:3128'
const server = 'https://api.example.com:6443'

test.each([
  { given: 'nothing', env: {}, want: undefined },
  { given: 'HTTPS_PROXY', env: { HTTPS_PROXY: proxy }, want: proxy },
  { given: 'small letters', env: { https_proxy: proxy }, want: proxy },
  { given: 'both, capitals win', env: { HTTPS_PROXY: proxy, https_proxy: 'http://other:1' }, want: proxy },
  { given: 'no scheme', env: { HTTPS_PROXY: 'proxy.example.com:3128' }, want: proxy },
  { given: 'HTTP_PROXY alone', env: { HTTP_PROXY: proxy }, want: undefined },
])('the environment has $given', ({ env, want }) => {
  expect(proxyFor(server, undefined, env)).toBe(want)
})

test('plain HTTP has a variable of its own', () => {
  expect(proxyFor('http://api.example.com', undefined, { HTTP_PROXY: proxy })).toBe(proxy)
})

test.each([
  { server, except: 'api.example.com', isExcepted: true },
  { server, except: 'example.com', isExcepted: true },
  { server, except: '.example.com', isExcepted: true },
  { server, except: '*.example.com', isExcepted: true },
  { server, except: 'other.org, API.example.com', isExcepted: true },
  { server, except: 'api.example.com:6443', isExcepted: true },
  { server, except: '*', isExcepted: true },
  { server, except: 'api.example.com:443', isExcepted: false },
  { server, except: 'pi.example.com', isExcepted: false },
  { server: 'https://example.com', except: '.example.com', isExcepted: false },
  { server: 'https://10.0.0.1', except: '10.0.0.0/8', isExcepted: true },
  { server: 'https://10.0.0.1', except: '10.0.0.1', isExcepted: true },
  { server: 'https://10.0.0.1', except: '10.0.0.1:443', isExcepted: true },
  { server: 'https://11.0.0.1', except: '10.0.0.0/8', isExcepted: false },
  { server: 'https://10.0.0.1', except: '10.0.0.0/99', isExcepted: false },
  { server: 'https://[fd00::1]:6443', except: 'fd00::/8', isExcepted: true },
  { server: 'https://[fd00::1]:6443', except: '[fd00::1]:6443', isExcepted: true },
  { server: 'https://127.0.0.1:6443', except: '', isExcepted: true },
  { server: 'https://[::1]:6443', except: '', isExcepted: true },
  { server: 'https://localhost', except: '', isExcepted: true },
])('$server with NO_PROXY=$except', ({ server: asked, except, isExcepted }) => {
  const env = { HTTPS_PROXY: proxy, NO_PROXY: except }
  expect(proxyFor(asked, undefined, env)).toBe(isExcepted ? undefined : proxy)
})

test('proxy-url of the kubeconfig stands above the environment, for this computer too', () => {
  const env = { HTTPS_PROXY: 'http://other:1', NO_PROXY: '*' }
  expect(proxyFor('https://127.0.0.1:6443', proxy, env)).toBe(proxy)
})

test('what cannot be used is refused by the name of its field, without its password', () => {
  expect(() => proxyFor(server, 'socks5://me:hidden@proxy:1080', {})).toThrow(
    'proxy-url of the kubeconfig must begin with http:// or https://, found socks5://proxy:1080: SOCKS is not supported here',
  )
  expect(() => proxyFor(server, undefined, { https_proxy: 'socks5h://proxy' })).toThrow(
    /^https_proxy must begin/,
  )
  expect(() => proxyFor(server, 'http://', {})).toThrow('proxy-url of the kubeconfig must be a URL')
})
