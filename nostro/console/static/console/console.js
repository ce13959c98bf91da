/* All behaviour of our own: no inline script, no eval; runs under script-src 'self'. */
const $=(s,r=document)=>r.querySelector(s),$$=(s,r=document)=>[...r.querySelectorAll(s)];
const MINUS='\u2212';
function groupDigits(minor,dp){const neg=minor<0n;let s=(neg?-minor:minor).toString().padStart(dp+1,'0');
  const i=s.slice(0,s.length-dp).replace(/\B(?=(\d{3})+$)/g,',');return(neg?MINUS:'')+i+(dp?'.'+s.slice(-dp):'')}
document.addEventListener('click',e=>{
  if(e.target.closest('[data-theme-toggle]')){
    const d=document.documentElement,dark=d.dataset.theme?d.dataset.theme==='dark':matchMedia('(prefers-color-scheme:dark)').matches;
    d.dataset.theme=dark?'light':'dark';
    document.cookie=`theme=${d.dataset.theme};path=/;max-age=31536000;samesite=lax`;return}
  const m=e.target.closest('[data-menu]');
  if(m){const open=$('body>.side').toggleAttribute('data-open');m.setAttribute('aria-expanded',open);return}
});
/* keys: / search, J K move between rows, Enter opens, X selects, R to its reason, P R pay or return a check, A to the button
   that decides, Esc leaves a field */
function move(rows,step){
  const i=rows.findIndex(r=>r.classList.contains('cur')),n=Math.max(0,Math.min(rows.length-1,i+step));
  rows.forEach((r,x)=>r.classList.toggle('cur',x===n));place=n;rows[n].scrollIntoView({block:'nearest'})}
/* a swapped list keeps the place: whoever decides by keys goes on with the next row */
let place=-1;
document.addEventListener('htmx:after:swap',()=>{const rows=$$('[data-rows] [data-row]');
  if(place>=0&&rows.length&&!rows.some(r=>r.classList.contains('cur')))rows[Math.min(place,rows.length-1)].classList.add('cur')});
document.addEventListener('keydown',e=>{
  if(e.target.matches('input:not([type=radio],[type=checkbox]),textarea,select')){if(e.key==='Escape')e.target.blur();return}
  if(e.ctrlKey||e.metaKey||e.altKey)return;
  const single=document.documentElement.dataset.keys!=='off';
  if(e.key==='Escape'){const s=$('body>.side[data-open]');if(s){s.removeAttribute('data-open');$('[data-menu]').setAttribute('aria-expanded','false')}return}
  if(!single)return;
  if(e.key==='/'){const q=$('#q');if(q){e.preventDefault();q.focus()}return}
  const rows=$$('[data-rows] [data-row]'),cur=$('[data-rows] .cur');
  if(rows.length&&(e.key==='j'||e.key==='k')){e.preventDefault();move(rows,e.key==='j'?1:-1)}
  else if(e.key==='Enter'&&cur&&e.target===document.body){const a=$('a[href]',cur);if(a)location.assign(a.href)}
  else if(e.key==='x'&&cur){const b=$('.ck input:not(:disabled)',cur);if(b)b.click()}
  else if((e.key==='p'||e.key==='r')&&cur&&$('input[name=decision]',cur)){e.preventDefault();
    $(`input[name=decision][value=${e.key==='p'?'pay':'return'}]`,cur).checked=true;$('input[name=reason]',cur).focus()}
  else if(e.key==='r'&&cur){const f=$('input[name^=reason]',cur);if(f){e.preventDefault();f.focus()}}
  else if(e.key==='a'){const b=$('[data-do]:not(:disabled)');if(b){e.preventDefault();b.focus();b.scrollIntoView({block:'nearest'})}}
});
/* bulk selection: exact integer sums by currency; a preview only, the server counts for itself */
function recount(f){
  const on=$$('input[data-minor]:checked',f),sums=new Map();
  for(const c of on){const k=c.dataset.ccy,s=sums.get(k)||{v:0n,dp:+c.dataset.dp};s.v+=BigInt(c.dataset.minor);sums.set(k,s)}
  const all=$('input[data-total]:checked',f);
  $$('[data-count]').forEach(o=>o.textContent=all?Number(all.dataset.total).toLocaleString('en'):on.length);
  $$('[data-sums]').forEach(o=>o.textContent=all?all.dataset.said:[...sums].sort().map(([k,s])=>groupDigits(s.v,s.dp)+' '+k).join(', ')||'nothing selected');
  $$('[data-need]').forEach(b=>b.disabled=!on.length)}
document.addEventListener('change',e=>{
  const f=e.target.closest('[data-select]');if(!f)return;
  if(e.target.dataset.all!==undefined){const g=e.target.dataset.all;
    $$(g?`input[data-grp="${g}"]:not(:disabled)`:'input[data-minor]:not(:disabled)',f).forEach(c=>c.checked=e.target.checked)}
  /* all that match: its rows are ticked with it; who takes one away no longer means all */
  const all=$('input[data-total]',f);
  if(all===e.target)$$('input[data-minor]:not(:disabled)',f).forEach(c=>c.checked=all.checked);
  else if(all&&!e.target.checked)all.checked=false;
  recount(f)});
$$('[data-select]').forEach(recount);
/* a swapped list begins with nothing chosen: nobody acts on rows that he no longer sees */
document.addEventListener('htmx:after:swap',()=>$$('#bulk').forEach(f=>{
  $$('.ck input:checked',f).forEach(c=>c.checked=false);recount(f)}));
/* boxes ticked before htmx was ready, or brought back by the browser: ask the server about them too */
document.addEventListener('htmx:after:init',e=>{
  const b=e.target.matches?.('[hx-trigger^=change]')&&$('input[data-minor]:checked,input[data-total]:checked',e.target);
  if(b)b.dispatchEvent(new Event('change',{bubbles:true}))});
