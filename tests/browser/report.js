// The HTML report of the checks in a real browser: node report.js REPORT CHROMIUM [PICTURES]
// Wants playwright-core and axe-core in NODE_PATH. Ends with 1 and says why where a person could not use the page.
const fs = require('fs');
const { chromium } = require('playwright-core');
const axe = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

const wrong = [];
const must = (held, what) => { if (!held) wrong.push(what); };

// Nothing sticks out of the page, and no text is too small to read.
async function legible(page, name) {
  const found = await page.evaluate(() => {
    const tiny = [];
    for (const text of document.querySelectorAll('svg text')) {
      const scale = text.ownerSVGElement.getBoundingClientRect().width / text.ownerSVGElement.viewBox.baseVal.width;
      const size = parseFloat(getComputedStyle(text).fontSize) * scale;
      if (size < 9) tiny.push(`${text.textContent} is ${size} px high`);
    }
    for (const part of document.querySelectorAll('p, li, td, th, dt, dd, figcaption')) {
      if (parseFloat(getComputedStyle(part).fontSize) < 12) tiny.push(part.textContent);
    }
    const root = document.documentElement;
    return { tiny, out: root.scrollWidth - root.clientWidth };
  });
  must(found.out <= 0, `${name}: the page is ${found.out} px too wide`);
  must(found.tiny.length === 0, `${name}: too small: ${found.tiny.slice(0, 3)}`);
}

async function accessible(page, name) {
  await page.evaluate(axe);
  const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
  const found = await page.evaluate((tags) => axe.run(document, { runOnly: tags }), tags);
  must(found.passes.length > 20, `${name}: axe looked at nothing`);
  for (const { id, nodes } of found.violations) wrong.push(`${name}: ${id}: ${nodes[0].html}`);
}

// Every link is reached by the Tab key alone, shows that it is, and the first one skips to the result.
async function keyboard(page, name) {
  // Found once: a page of a thousand findings has thousands of links, and each is pressed for.
  const links = await page.evaluate(() => {
    const all = [...document.querySelectorAll('a, [tabindex="0"]')];
    window.placeOf = new Map(all.map((one, at) => [one, at]));
    return all.length;
  });
  const seen = new Set();
  for (let at = 0; at < links; at += 1) {
    await page.keyboard.press('Tab');
    const focus = await page.evaluate(() => {
      const one = document.activeElement;
      return { at: window.placeOf.get(one) ?? -1, outline: getComputedStyle(one).outlineStyle, text: one.textContent };
    });
    seen.add(focus.at);
    must(focus.outline !== 'none', `${name}: nothing shows where the focus is: ${focus.text}`);
  }
  must(!seen.has(-1) && seen.size === links, `${name}: ${links - seen.size} of ${links} links are out of reach`);
}

async function look(browser, report, width, colorScheme, pictures) {
  const name = `${width} px, ${colorScheme}`;
  const page = await browser.newPage({ viewport: { width, height: 844 }, colorScheme, javaScriptEnabled: true });
  const requests = [];
  page.on('request', (request) => requests.push(request.url()));
  await page.goto(`file://${fs.realpathSync(report)}`);
  if (pictures) await page.screenshot({ path: `${pictures}/${width}-${colorScheme}.png`, fullPage: true });
  must(requests.length === 1, `${name}: the page asks for ${requests.slice(1)}`);
  await legible(page, name);
  await keyboard(page, name);
  await accessible(page, name);
  await page.close();
}

(async () => {
  const [report, executablePath, pictures] = process.argv.slice(2);
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  for (const width of [390, 1280]) {
    for (const scheme of ['light', 'dark']) await look(browser, report, width, scheme, pictures);
  }
  await browser.close();
  wrong.forEach((what) => console.error(what));
  process.exitCode = wrong.length === 0 ? 0 : 1;
})();
